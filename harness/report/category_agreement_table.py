"""The terminal's table of how well read categories agree with gold ones."""

from __future__ import annotations

from rich import box
from rich.table import Table

from rarft.harness.judges.category_agreement import Agreement
from rarft.harness.report.columns import NOT_APPLICABLE


def category_agreement_table(found: Agreement, *, title: str) -> Table:
    """Return one row a category, and the means beside the best constant answer."""
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=0,
        pad_edge=False,
        title=title,
        title_justify="left",
        caption=_means(found),
        caption_justify="left",
    )
    table.add_column("category", overflow="fold")
    for label in ("gold", "read", "both", "prec.", "recall", "F1", "kappa"):
        table.add_column(label, justify="right", min_width=6)
    for one in found.categories:
        shares = (one.precision, one.recall, one.f1)
        table.add_row(
            one.category,
            *map(str, (one.n_gold, one.n_read, one.n_both)),
            *(NOT_APPLICABLE if share is None else f"{100 * share:.1f}" for share in shares),
            NOT_APPLICABLE if one.kappa is None else f"{one.kappa:.2f}",
        )
    return table


def _means(found: Agreement) -> str:
    constant = ", ".join(found.constant_set)
    return (
        f"{found.n_texts} refusals: mean Jaccard {100 * found.mean_jaccard:.1f}, exact match "
        f"{100 * found.exact_match:.1f}, no category read in {found.n_empty}. Best constant "
        f"answer: {100 * found.constant_jaccard:.1f} by {{{constant}}}."
    )
