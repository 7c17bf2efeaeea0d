import { describe, expect, it, vi } from "vitest";

import { createOverview, type News } from "../src/stores/overview";
import { agent, alarm, conversation, fakeApi, ID, memoryStore, NOW, OTHER, overviewOf, queueItem, settle } from "./helpers";

function setUp(store = memoryStore()) {
  const news = vi.fn<(news: News) => void>();
  const heard = vi.fn();
  const overview = createOverview(fakeApi({}), store, { news, agent: heard });
  return { overview, news, heard, store };
}

describe("the lists", () => {
  it("are counted, acknowledged alarms not", () => {
    const { overview, heard } = setUp();
    overview.apply(
      overviewOf({
        waiting: [queueItem(1), queueItem(2)],
        mine: [conversation({ last_resident_seq: 3, awaiting_since: NOW }), conversation({ id: OTHER, last_resident_seq: 3 })],
        others: [conversation({ id: OTHER })],
        alarms: [alarm(1), alarm(2, { acknowledged_at: "2026-11-21T02:00:00Z" })],
      }),
    );
    expect(overview.counts.value).toEqual({ waiting: 2, mine: 2, others: 1, alarms: 1, unread: 1 });
    expect(heard).toHaveBeenCalledWith(agent());
  });

  it("tell what is new, once", () => {
    const { overview, news } = setUp();
    overview.apply(overviewOf({ waiting: [queueItem(1)], mine: [conversation({ last_resident_seq: 1 })] }));
    expect(news).not.toHaveBeenCalled();
    const next = overviewOf({
      waiting: [queueItem(1), queueItem(2)],
      mine: [conversation({ last_resident_seq: 2 })],
      alarms: [alarm(7)],
    });
    overview.apply(next);
    overview.apply(next);
    expect(news).toHaveBeenCalledTimes(1);
    const [told] = news.mock.calls[0] ?? [];
    expect(told?.waiting.map((item) => item.id)).toEqual([2]);
    expect(told?.messages.map((one) => one.id)).toEqual([ID]);
    expect(told?.alarms.map((one) => one.id)).toEqual([7]);
  });

  it("sound for alarms that were open before the page was, but not for the queue", () => {
    const { overview, news } = setUp();
    overview.apply(overviewOf({ waiting: [queueItem(1)], alarms: [alarm(7)] }));
    expect(news.mock.calls[0]?.[0]).toMatchObject({ waiting: [], messages: [] });
    expect(news.mock.calls[0]?.[0].alarms).toHaveLength(1);
  });

  it("do not call one's own answers news", () => {
    const { overview, news } = setUp();
    overview.apply(overviewOf({ mine: [conversation({ last_seq: 4, last_resident_seq: 2 })] }));
    overview.apply(overviewOf({ mine: [conversation({ last_seq: 9, last_resident_seq: 2 })] }));
    expect(news).not.toHaveBeenCalled();
  });

  it("take an acknowledged alarm over at once", async () => {
    const { overview } = setUp();
    const done = alarm(7, { acknowledged_at: "2026-11-21T02:01:00Z", acknowledged_by: "小李" });
    const acknowledging = createOverview(fakeApi({ acknowledge: vi.fn().mockResolvedValue(done) }), memoryStore(), {
      news: () => undefined,
      agent: () => undefined,
    });
    acknowledging.apply(overviewOf({ alarms: [alarm(7)] }));
    await acknowledging.acknowledge(alarm(7));
    expect(acknowledging.counts.value.alarms).toBe(0);
    expect(overview.counts.value.alarms).toBe(0);
  });
});

describe("what has been seen", () => {
  it("is not unread, and stays so over a reload of the page", () => {
    const { overview, store } = setUp();
    const mine = [conversation({ last_resident_seq: 5, awaiting_since: NOW })];
    overview.apply(overviewOf({ mine }));
    expect(overview.counts.value.unread).toBe(1);
    overview.markSeen(ID, 6);
    overview.markSeen(ID, 2);
    expect(overview.counts.value.unread).toBe(0);
    const reloaded = setUp(store).overview;
    reloaded.apply(overviewOf({ mine }));
    expect(reloaded.counts.value.unread).toBe(0);
  });

  it("is forgotten with the conversation", () => {
    const { overview, store } = setUp();
    overview.apply(overviewOf({ mine: [conversation()] }));
    overview.markSeen(ID, 6);
    overview.apply(overviewOf({ mine: [] }));
    expect(overview.state.seen).toEqual({});
    expect(store.getItem("guanjia.desk.seen")).toBe("{}");
  });
});

describe("asking", () => {
  it("a burst of hints costs two requests", async () => {
    const ask = vi.fn().mockResolvedValue(overviewOf());
    const overview = createOverview(fakeApi({ overview: ask }), memoryStore(), {
      news: () => undefined,
      agent: () => undefined,
    });
    const all = Promise.all(Array.from({ length: 20 }, () => overview.refresh()));
    await settle();
    await all;
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it("counts waiting times by the server's clock", () => {
    vi.useFakeTimers({ now: Date.parse("2026-11-21T01:50:00Z") });
    const { overview } = setUp();
    overview.apply(overviewOf());
    expect(overview.state.skewMs).toBe(600_000);
    vi.useRealTimers();
  });
});
