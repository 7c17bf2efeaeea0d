"""A whole assistant of a few lines, for tests of the launcher."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "bot/config.yml": """
recipe: default.v1
assistant_id: tiny
language: zh
pipeline:
- name: bot.components.normaliser.Normaliser
- name: bot.components.tokenizer.ChineseTokenizer
- name: bot.components.intent_classifier.IntentClassifier
- name: FallbackClassifier
  threshold: 0.1
policies:
- name: RulePolicy
""",
    "bot/endpoints.yml": """
action_endpoint:
  url: ${GUANJIA_ACTION_URL}
  headers:
    X-Guanjia-Secret: ${GUANJIA_ACTION_SECRET}
tracker_store:
  type: SQL
  dialect: sqlite
  db: ${GUANJIA_TRACKER_DB}
""",
    "bot/credentials.yml": "bot.engine.channel.RestChannel:\n",
    "bot/domain/tiny.yml": """
version: "3.1"
intents: [greet, query_arrears]
actions: [action_query_arrears]
responses:
  utter_greet:
  - text: 您好
session_config:
  session_expiration_time: 0
  carry_over_slots_to_new_session: false
""",
    "bot/rules/tiny.yml": """
version: "3.1"
rules:
- rule: greet
  steps:
  - intent: greet
  - action: utter_greet
- rule: arrears
  steps:
  - intent: query_arrears
  - action: action_query_arrears
""",
    "nlu_data/tiny.yml": """
version: "3.1"
nlu:
- intent: greet
  examples: |
    - 你好
    - 您好啊
    - 早上好
    - 在吗
- intent: query_arrears
  examples: |
    - 我欠多少钱
    - 我家还欠多少物业费
    - 查一下欠费
    - 有没有没交的费用
""",
    "bot/requirements.lock": "rasa==3.6.21\n",
}


def write(project: Path) -> Path:
    """Lay the tiny assistant out below a folder and return the folder."""
    for name, text in FILES.items():
        file = project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.lstrip(), "utf-8")
    return project
