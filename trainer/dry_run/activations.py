"""What autograd keeps of one layer, and what a pass holds for a moment, in bytes a token.

The counts follow the operators of transformers' Qwen2.5-VL one by one, as Korthikanti et al. (2022,
arXiv:2205.05198, section 4) do for a GPT layer; gated MLPs, grouped keys, attention that keeps no
scores (Dao et al. 2022, arXiv:2205.14135) and normalisation in fp32 give other numbers than theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

from rarft.trainer.dry_run.network_shape import Stack

FP32 = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """Bytes of a number: `weights` as stored, `compute` in a matrix product, `adapters`' own.

    With weights in fp32 and computing in bf16 (autocast), what is added up between layers stays
    fp32.
    """

    weights: int
    compute: int
    adapters: int = FP32


def kept_by_decoder_layer(stack: Stack, precision: Precision, *, has_mask: bool = False) -> int:
    """Return the bytes a token that a trained decoder layer keeps for its backward pass.

    With width h, inner width i, keys of width k, numbers of c bytes in products and s between them:
    both norms keep their input in fp32 and its normed form, 2(4 + s)h; the projections keep their
    inputs, 2ch before and ch after attention; attention keeps query, key, value and result,
    c(h + 2k), or 3ch where a mask makes it repeat the keys for every head; the gated MLP keeps
    gate, its activation, the other branch and their product, 4ci.

    Example:
        >>> qwen_3b = Stack(
        ...     n_layers=36, width=2048, inner_width=11008, kv_width=256, n_layer_parameters=0
        ... )
        >>> kept_by_decoder_layer(qwen_3b, Precision(weights=2, compute=2))
        130048
    """
    h, s, c = stack.width, precision.weights, precision.compute
    keys = h if has_mask else stack.kv_width
    norms = 2 * (FP32 + s) * h
    attention = c * (h + 2 * keys) + c * h
    return norms + 2 * c * h + attention + 4 * c * stack.inner_width


def kept_by_adapted_layer(stack: Stack, precision: Precision, *, has_mask: bool = False) -> int:
    """Return the bytes a token that a decoder layer with frozen weights and adapters keeps.

    A frozen projection needs no input and a frozen norm only its own, in fp32: 2·4h + c(2h + 2k) +
    3ci. An adapter in another precision than the layer keeps a copy of its input.
    """
    h, c = stack.width, precision.compute
    keys = h if has_mask else stack.kv_width
    own = 2 * FP32 * h + c * (2 * h + 2 * keys) + 3 * c * stack.inner_width
    return own + c * stack.adapted_width


def kept_by_vision_layer(stack: Stack, precision: Precision, *, is_trained: bool = True) -> int:
    """Return the bytes a patch that a layer of the vision tower keeps.

    Like a decoder layer, with full keys; besides the turned queries and keys, 2ch, the result of
    the joint projection stays, 3ch, and the results of the windows are put together, ch more.
    """
    h, s, c = stack.width, precision.weights, precision.compute
    if is_trained:
        return 2 * (FP32 + s) * h + 2 * c * h + 7 * c * h + 4 * c * stack.inner_width
    return 2 * FP32 * h + 6 * c * h + 3 * c * stack.inner_width + c * stack.adapted_width


def worked_on_backward(stack: Stack, precision: Precision) -> int:
    """Return the bytes a token that the backward pass of a layer adds to what it keeps.

    At its widest, in the MLP: the gradients of the product and of one branch, 2ci, and those of
    the layer's result and of what it adds, 2sh.
    """
    return 2 * precision.compute * stack.inner_width + 2 * precision.weights * stack.width


def worked_on_forward(stack: Stack, precision: Precision) -> int:
    """Return the bytes a token of a layer's pass without gradients, at its widest in the MLP.

    The embeddings and the layer's input, which its callers hold, the sum so far and its normed
    form, 4sh, and three of the MLP's inner width, 3ci.
    """
    return 4 * precision.weights * stack.width + 3 * precision.compute * stack.inner_width


def worked_on_vision(stack: Stack, precision: Precision) -> int:
    """Return the bytes a patch of a vision layer's pass without gradients.

    At its widest where queries and keys are turned in fp32: input, sum and normed form, the joint
    projection, 3ch, queries and keys in fp32, 8h, and four products of one of them, 16h.
    """
    h, s, c = stack.width, precision.weights, precision.compute
    return max(3 * s * h + 3 * c * h + 24 * h, worked_on_forward(stack, precision))


def kept_by_merger(stack: Stack, precision: Precision) -> int:
    """Return the bytes a patch that the trained merger keeps: its norm, and three inputs, 3ch."""
    return (FP32 + precision.weights + 3 * precision.compute) * stack.width
