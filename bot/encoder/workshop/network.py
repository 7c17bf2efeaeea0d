"""The encoder's network in PyTorch, for tuning: XLM-RoBERTa's layers under the names of ``e5.read``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

DROPOUT = 0.1
PARTS = ("q", "k", "v", "ao", "fi", "fo", "aln", "oln")


def _filled(module: nn.Module, weight: np.ndarray, bias: np.ndarray) -> nn.Module:
    module.load_state_dict({"weight": torch.from_numpy(weight.copy()), "bias": torch.from_numpy(bias.copy())})
    return module


class Layer(nn.Module):
    """Attention and a network of two layers, each added to what came in and then normalised."""

    def __init__(self, tensors: Mapping[str, np.ndarray], number: int, heads: int, epsilon: float) -> None:
        """Layer `number` of the tensors."""
        super().__init__()
        self.heads = heads
        for name in PARTS:
            weight, bias = tensors[f"l{number}.{name}.w"], tensors[f"l{number}.{name}.b"]
            empty = (
                nn.LayerNorm(weight.shape[0], eps=epsilon)
                if weight.ndim == 1
                else nn.Linear(weight.shape[1], weight.shape[0])
            )
            self.add_module(name, _filled(empty, weight, bias))

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """(messages, tokens, hidden) -> the same; `mask` is true where there is a token."""
        apart = (*states.shape[:2], self.heads, -1)
        query, key, value = (part(states).view(apart).transpose(1, 2) for part in (self.q, self.k, self.v))
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None, :])
        seen = self.ao(seen.transpose(1, 2).flatten(2))
        states = self.aln(states + functional.dropout(seen, DROPOUT, self.training))
        inner = self.fo(functional.gelu(self.fi(states)))
        return self.oln(states + functional.dropout(inner, DROPOUT, self.training))


class Network(nn.Module):
    """Tokens -> the mean of the last layer, and the intents' scores of a linear layer over it."""

    def __init__(
        self,
        tensors: Mapping[str, np.ndarray],
        layers: Sequence[int],
        heads: int,
        epsilon: float,
        intents: int,
    ) -> None:
        """The tensors of the layers with these numbers, in this order; the rows of the vocabulary stay as they are."""
        super().__init__()
        self.epsilon = epsilon
        self.word = nn.Embedding.from_pretrained(torch.from_numpy(tensors["emb.word"].copy()), freeze=True)
        self.place = nn.Parameter(torch.from_numpy(tensors["emb.pos"] + tensors["emb.type"][0]))
        hidden = self.word.embedding_dim
        self.ln = _filled(nn.LayerNorm(hidden, eps=epsilon), tensors["emb.ln.w"], tensors["emb.ln.b"])
        self.layers = nn.ModuleList(Layer(tensors, number, heads, epsilon) for number in layers)
        self.head = nn.Linear(hidden, intents)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(messages, tokens) -> the vectors, (messages, hidden)."""
        states = self.ln(self.word(ids) + self.place[: ids.shape[1]])
        states = functional.dropout(states, DROPOUT, self.training)
        for layer in self.layers:
            states = layer(states, mask)
        there = mask.unsqueeze(-1).to(states.dtype)
        return (states * there).sum(1) / there.sum(1)

    def scores(self, vectors: Tensor) -> Tensor:
        """The intents' scores, (messages, intents)."""
        return self.head(functional.dropout(vectors, DROPOUT, self.training))

    def tensors(self) -> dict[str, np.ndarray]:
        """The present weights under the names of ``e5.read``, the layers numbered anew from 0."""
        found = {"emb.word": self.word.weight, "emb.pos": self.place, "emb.ln.w": self.ln.weight}
        found["emb.ln.b"] = self.ln.bias
        for number, layer in enumerate(self.layers):
            for name in PARTS:
                part = getattr(layer, name)
                found[f"l{number}.{name}.w"], found[f"l{number}.{name}.b"] = part.weight, part.bias
        arrays = {name: tensor.detach().numpy().astype(np.float32) for name, tensor in found.items()}
        return {**arrays, "emb.type": np.zeros((1, arrays["emb.pos"].shape[1]), np.float32)}
