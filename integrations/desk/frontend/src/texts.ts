import { delivery, reach } from "./texts.delivery";
import { hotline } from "./texts.hotline";

/** Everything the desk says to an agent, in one place. Codes that a table does not know fall back to its `other`. */
export const texts = {
  product: "管家坐席台",
  loading: "正在加载…",
  retry: "重试",
  cancel: "取消",
  confirm: "确定",
  close: "关闭",

  login: {
    title: "坐席登录",
    hint: "请使用管理员分配的账号登录",
    username: "用户名",
    password: "密码",
    submit: "登录",
    missing: "请输入用户名和密码",
    again: "登录已失效，请重新登录。没有发出的内容会保留。",
  },

  topBar: {
    load: (active: number, most: number) => `接待 ${active}/${most}`,
    loadHint: "正在接待的会话数 / 同时接待的上限",
    sound: { on: "提示音已开，点击静音", off: "已静音，点击打开提示音" },
    logout: "退出登录",
    shortcuts: "快捷键",
    takenOff: "您已离线，不再接收新会话；需要接待时请改回在线。",
    statusLabel: "接待状态",
  },
  status: { online: "在线", away: "小休", offline: "离线" },
  statusHint: {
    online: "接收新会话",
    away: "暂不接收新会话",
    offline: "下班，不接收新会话",
  },
  link: {
    live: "实时连接",
    polling: "定时刷新",
    lost: "连接中断",
    liveHint: "新消息会立刻显示",
    pollingHint: "实时通道不可用，每 5 秒刷新一次",
    lostHint: "无法连接服务器，正在自动重试；没有发出的内容会保留",
  },

  tabs: { label: "会话列表", waiting: "排队", mine: "我的", others: "同事", alarms: "警情" },
  lists: {
    waiting: "排队中",
    mine: "我的会话",
    others: "同事的会话",
    alarms: "警情",
    noWaiting: "没有住户在排队",
    noMine: "还没有接入的会话",
    noOthers: "同事没有正在接待的会话",
    noAlarms: "没有警情",
    take: "接入",
    takeLabel: (name: string) => `接入${name}的会话`,
    callback: "留言回访",
    waited: (time: string) => `已等 ${time}`,
    unanswered: (time: string) => `待回复 ${time}`,
    unread: "有新消息",
    withAgent: (name: string) => `${name}接待中`,
    noHome: "未绑定房屋",
    visitor: (mark: string) => `访客 ${mark}`,
    previews: { picture: "[图片]", card: "[卡片]", text: "" },
  },
  reasons: {
    asked: "",
    engine_down: "智能助手故障",
    emergency: "紧急情况",
    voicemail: "电话留言",
    other: "",
  } as Record<string, string>,
  channels: { webchat: "网页", wechat: "微信", wecom: "微信客服", voice: "电话", plaintext: "文字", other: "其他渠道" } as Record<
    string,
    string
  >,
  states: {
    bot: "智能助手",
    waiting: "排队中",
    human: "人工服务",
    rating: "待评价",
    closed: "已结束",
  },
  authors: { resident: "住户", bot: "智能助手", agent: "客服", system: "系统", me: "我" },

  alarm: {
    kinds: {
      gas: "燃气泄漏",
      fire: "火情",
      lift: "电梯困人",
      electric: "触电或漏电",
      water: "爆管跑水",
      falling: "高空坠物",
      people: "人身安全",
      medical: "突发疾病",
      other: "紧急情况",
    } as Record<string, string>,
    banner: (count: number) => (count > 1 ? `${count} 条警情待确认` : "警情待确认"),
    acknowledge: "我已知晓",
    open: "查看会话",
    acknowledged: (who: string) => `${who}已确认`,
    ticket: (number: string) => `工单 ${number}`,
    unknownHome: "住址未知，请立即联系住户",
    region: "警情提醒",
  },

  conversation: {
    empty: "从左侧选择一个会话",
    emptyHint: "新的排队和警情会自动出现，并有声音提醒",
    join: "立即介入",
    joinHint: "不等排队，直接接待这位住户",
    take: "接入",
    returnToBot: "转回机器人",
    close: "结束会话",
    resident: "住户资料",
    back: "返回列表",
    log: "会话记录",
    returnTitle: "转回智能助手？",
    returnText: "住户后面的消息由智能助手回答，您不再接待这个会话。",
    closeTitle: "结束这次人工服务？",
    closeText: "住户会收到评价邀请。",
    unsentText: "还有没发出的内容，请等它发出或放弃后再操作。",
    newBelow: "有新消息",
    readOnly: {
      bot: "智能助手正在接待。",
      waiting: "住户正在排队，接入后才能回复。",
      human: (name: string) => `${name}正在接待，只能查看和写备注。`,
      rating: "人工服务已结束，等待住户评价。",
      closed: "会话已结束。",
    },
    opened: (time: string) => `会话开始于 ${time}`,
  },

  composer: {
    reply: "回复住户",
    note: "内部备注",
    mode: "输入方式",
    replyPlaceholder: "输入回复",
    keyHint: "回车发送，Shift+回车换行",
    notePlaceholder: "写给同事的备注，住户看不到",
    send: "发送",
    saveNote: "保存备注",
    left: (count: number) => `还可输入 ${count} 字`,
    over: (count: number) => `超出 ${count} 字`,
    parts: (count: number) => `将分 ${count} 条发出`,
    tooManyParts: (count: number, left: number) => `要分 ${count} 条发出，只能再发 ${left} 条，请缩短`,
  },

  reach,
  delivery,
  hotline,

  outbox: {
    sending: "正在发送",
    retrying: "发送失败，正在重试",
    refused: "没有发出",
    retry: "重新发送",
    discard: "放弃",
    edit: "放回输入框",
  },

  message: {
    internal: "内部备注",
    picture: "住户发来的图片",
    pictureFailed: "图片无法显示",
    choices: "提供的选项",
    chosen: "选择了",
    bill: {
      total: "合计应缴",
      due: (date: string) => `${date} 前缴`,
      lateFee: (amount: string) => `含滞纳金 ${amount}`,
      none: "没有待缴账单",
    },
    ticket: {
      appointment: "预约时间",
      technician: "维修师傅",
      home: "地点",
    },
    notice: { from: "开始", to: "结束" },
    noticeKinds: { outage: "停供通知", announcement: "公告", event: "社区活动", other: "通知" } as Record<string, string>,
    emergency: "紧急安全提示",
    rating: "邀请住户评价",
    bind: "邀请住户绑定房屋",
    ask: {
      phone: "请住户输入手机号",
      time: "请住户选择时间",
      room: "请住户输入房号",
      text: "请住户补充说明",
      photo: "请住户拍照上传",
      code: "请住户输入验证码",
      other: "请住户补充信息",
    } as Record<string, string>,
    unknown: "（无法显示的内容）",
  },

  resident: {
    title: "住户资料",
    nobody: "打开会话后，这里显示住户资料",
    verified: "已核验",
    unverified: "未核验身份",
    unverifiedHint: "住户还没有绑定房屋，不能透露账单和工单。",
    phone: "手机",
    homes: "房屋",
    arrears: "欠费合计",
    noArrears: "没有欠费",
    bills: "未缴账单",
    tickets: "工单",
    noTickets: "没有工单",
    past: "历史会话",
    noPast: "没有历史会话",
    area: (area: string) => `${area} 平方米`,
    more: (count: number) => `另有 ${count} 笔未显示`,
    due: (date: string) => `${date} 到期`,
    roles: { owner: "业主", family: "家属", tenant: "租客", other: "其他" } as Record<string, string>,
    homeStates: {
      occupied: "已入住",
      vacant: "空置",
      undelivered: "未交付",
      renovating: "装修中",
      other: "状态未知",
    } as Record<string, string>,
  },

  bills: { unpaid: "未缴", partly_paid: "部分缴纳", paid: "已缴", cancelled: "已取消", other: "待核对" } as Record<
    string,
    string
  >,
  tickets: {
    new: "已受理",
    assigned: "已派单",
    accepted: "已接单",
    on_the_way: "上门途中",
    in_progress: "维修中",
    paused: "已暂停",
    done: "已完工",
    confirmed: "住户已确认",
    reopened: "重新处理",
    closed: "已关闭",
    rejected: "已驳回",
    cancelled: "已取消",
    other: "处理中",
  } as Record<string, string>,
  urgencies: { normal: "一般", urgent: "加急", emergency: "紧急", other: "一般" } as Record<string, string>,

  time: {
    minutes: (minutes: number, seconds: number) => (minutes > 0 ? `${minutes}分${seconds}秒` : `${seconds}秒`),
    hours: (hours: number, minutes: number) => `${hours}小时${minutes}分`,
    days: (days: number) => `${days}天`,
    today: "今天",
    yesterday: "昨天",
  },

  alerts: {
    titleWaiting: (count: number) => `【${count} 人排队】`,
    titleAlarm: "【警情】",
    titleMessage: "【新消息】",
  },

  shortcuts: [
    ["Alt + ↑ / ↓", "上一个 / 下一个会话"],
    ["Alt + T", "接入等待最久的住户"],
    ["Alt + N", "切换回复与内部备注"],
    ["Alt + I", "跳到输入框"],
    ["Esc", "关闭抽屉和弹窗"],
  ] as [string, string][],

  errors: {
    unreachable: "连不上服务器，请检查网络后重试。",
    general: "操作没有成功，请稍后再试。",
    gone: "这个会话打不开，可能已被删除。",
  },
};

/** A resident by name, or, where nobody has proven who they are, by the first signs of the conversation's id. */
export function nameOf(masked: string, conversationId: string): string {
  return masked || texts.lists.visitor(conversationId.slice(0, 4));
}

/** The newest message in one line. */
export function previewOf(entry: { preview: string; preview_kind: "text" | "picture" | "card" }): string {
  return entry.preview || texts.lists.previews[entry.preview_kind];
}

/** The word for a code, or the table's `other`. */
export function word(table: Record<string, string>, code: string): string {
  return table[code] ?? table.other ?? "";
}
