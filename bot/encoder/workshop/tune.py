"""Tuning: the pretrained encoder learns to lay messages with the same wish close together.

A linear layer over the vectors learns the intents, and everything below it learns along; the layer itself is thrown
away afterwards, because the engine learns its own from the vectors at every training. Half of the messages of an epoch
come as voice input might misspell them. The vocabulary's rows stay as they were, so that words no message contains
keep their place among those that occur. An epoch over 14,000 messages takes five minutes on one core; the state after
each is kept, and a run that was stopped goes on from there.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from bot.components.mishearing import misheard
from bot.encoder.session import LONGEST
from bot.encoder.workshop.examples import Example
from bot.encoder.workshop.network import Network
from bot.encoder.workshop.recipe import Recipe

PAD = 1
SHUFFLED = 20
"""Batches are cut from so many batches' worth of messages in order of length, to waste little on padding."""


@dataclass(frozen=True)
class Progress:
    """After an epoch: its mean loss, the share of the messages held out whose intent was found (None without any)."""

    epoch: int
    loss: float
    held_out: float | None
    held_out_spoken: float | None


class Tuning:
    """A network being tuned on examples."""

    def __init__(self, network: Network, tokenizer: Tokenizer, examples: Sequence[Example], recipe: Recipe) -> None:
        """Nothing happens until `epochs` is iterated."""
        self.network, self.tokenizer, self.recipe = network, tokenizer, recipe
        self.tokenizer.enable_truncation(LONGEST)
        self.intents = sorted({example.intent for example in examples})
        self.known = [example for example in examples if not example.held_out]
        self.held_out = [example for example in examples if example.held_out]
        self._examples_hash = hashlib.sha256(repr(list(examples)).encode()).hexdigest()
        rates = [
            {"params": [p for n, p in network.named_parameters() if p.requires_grad and not n.startswith("head.")]},
            {"params": network.head.parameters(), "lr": recipe.rate * 10},
        ]
        self.optimizer = torch.optim.AdamW(rates, lr=recipe.rate, weight_decay=0.01, fused=True)
        steps = recipe.epochs * math.ceil(len(self.known) / recipe.batch)
        warm = max(1, recipe.warm_up * steps)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))
        )
        self.history: list[dict[str, Any]] = []
        """The progress of all epochs, those before an interruption too."""
        self.done = 0

    def epochs(self, checkpoint: Path | None = None) -> Iterator[Progress]:
        """Tune epoch by epoch from where `checkpoint` was left, if it is there; it is written after each."""
        if checkpoint is not None and checkpoint.exists():
            self._restore(torch.load(checkpoint, weights_only=True))
        while self.done < self.recipe.epochs:
            loss = self._epoch()
            self.done += 1
            progress = Progress(self.done, loss, self.accuracy(spoken=False), self.accuracy(spoken=True))
            self.history.append(asdict(progress))
            if checkpoint is not None:
                half_written = checkpoint.with_suffix(".part")
                torch.save(self._state(), half_written)
                half_written.replace(checkpoint)
            yield progress

    def accuracy(self, *, spoken: bool) -> float | None:
        """The share of the messages held out whose intent the linear layer finds; None without any."""
        asked = [example for example in self.held_out if example.spoken is spoken]
        self.network.eval()
        right = 0
        with torch.no_grad():
            for start in range(0, len(asked), 64):
                part = asked[start : start + 64]
                scores = self.network.scores(self.network(*self._batch([example.text for example in part])))
                right += int((scores.argmax(1) == self._own(part)).sum())
        return right / len(asked) if asked else None

    def _epoch(self) -> float:
        # Of the epoch alone, so that a run that was stopped goes on as if it had not been.
        chance = random.Random(self.recipe.seed * 1000 + self.done)  # noqa: S311 - no secret
        torch.manual_seed(self.recipe.seed * 1000 + self.done)
        self.network.train()
        losses = []
        batches = self._batches(chance)
        for batch in tqdm(batches, desc=f"epoch {self.done + 1}/{self.recipe.epochs}", mininterval=10):
            texts = [self._text(example, chance) for example in batch]
            with torch.autocast("cpu", torch.bfloat16):
                scores = self.network.scores(self.network(*self._batch(texts)))
            loss = functional.cross_entropy(scores.float(), self._own(batch), label_smoothing=self.recipe.smoothing)
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimizer.step()
            self.schedule.step()
            losses.append(loss.item())
        return float(np.mean(losses))

    def _batches(self, chance: random.Random) -> list[list[Example]]:
        order = list(self.known)
        chance.shuffle(order)
        size = self.recipe.batch
        found = []
        for start in range(0, len(order), size * SHUFFLED):
            near = sorted(order[start : start + size * SHUFFLED], key=lambda example: len(example.text))
            found += [near[i : i + size] for i in range(0, len(near), size)]
        chance.shuffle(found)
        return found

    def _text(self, example: Example, chance: random.Random) -> str:
        if example.spoken or chance.random() >= self.recipe.misspelled:
            return example.text
        return misheard(example.text, chance, chance.choice((0.05, 0.1, 0.2, 0.3)))

    def _batch(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        rows = [self.tokenizer.encode(text.lower()).ids for text in texts]
        ids = torch.full((len(rows), max(map(len, rows))), PAD)
        mask = torch.zeros(ids.shape, dtype=torch.bool)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = torch.tensor(row)
            mask[number, : len(row)] = True
        return ids, mask

    def _own(self, batch: Sequence[Example]) -> Tensor:
        return torch.tensor([self.intents.index(example.intent) for example in batch])

    def _state(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "recipe": asdict(self.recipe),
            "examples": self._examples_hash,
            "done": self.done,
            "history": self.history,
        }

    def _restore(self, state: dict[str, Any]) -> None:
        if state["recipe"] != asdict(self.recipe):
            raise ValueError("the kept state belongs to another recipe: use its values or another folder")
        if state.get("examples", self._examples_hash) != self._examples_hash:
            raise ValueError("the kept state belongs to other messages: begin in another folder")
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.done = state["done"]
        self.history = state.get("history", [])
