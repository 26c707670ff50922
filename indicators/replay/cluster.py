"""Archives on Dask: items are coded on as many processes or machines as there are, and tables go in and out as Parquet.

Coding is most of a replay's work and needs nothing but the item, so it is what travels; the levels, where each day
rests on the one before, are walked by whoever asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from feeds.model import Feed, Item
from indicators.catalogue import Catalogue, load
from indicators.coding import code
from indicators.model.signal import Signal
from indicators.pipeline import Coded

PART = 2_000
"""Items in one piece of work: large enough to be worth the journey."""


class ClusterProblem(Exception):
    """The cluster cannot be used; one line with the thing, the value, the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """Where a worker finds the catalogue; it must have the same files as whoever asks."""

    data: Path
    problem: str
    overlay: Path | None


@lru_cache(maxsize=2)
def _catalogue(knowledge: Knowledge) -> Catalogue:
    return load(knowledge.data, problem=knowledge.problem, overlay=knowledge.overlay)


def code_part(
    items: Sequence[Item], feeds: Mapping[str, Feed], knowledge: Knowledge, version: str
) -> list[tuple[str, list[Signal]]]:
    """What these items say, worked out wherever this runs; only by the very catalogue of whoever asks."""
    catalogue = _catalogue(knowledge)
    if catalogue.version != version:
        raise ClusterProblem(
            f"catalogue {knowledge.problem}: a worker has version {catalogue.version}, not {version}; "
            "give every worker the same data folder"
        )
    return [(item.item_id, code(item, catalogue, feed=feeds.get(item.source))) for item in items]


@contextmanager
def client(scheduler: str | None, workers: int) -> Iterator[Any]:
    """A Dask client: of the scheduler at this address, else of so many processes on this machine."""
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ClusterProblem("--engine dask: distributed is not installed; install vedette[cluster]") from error
    try:
        if scheduler is not None:
            with Client(scheduler, timeout="10s", set_as_default=False) as found:  # type: ignore[no-untyped-call]
                yield found
            return
    except OSError as error:
        raise ClusterProblem(f"--scheduler {scheduler}: cannot be reached ({error}); start `dask scheduler`") from error
    here = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
    with (
        LocalCluster(**here) as cluster,  # type: ignore[no-untyped-call]
        Client(cluster, set_as_default=False) as found,  # type: ignore[no-untyped-call]
    ):
        yield found


def code_all(
    items: Sequence[Item], feeds: Mapping[str, Feed], catalogue: Catalogue, knowledge: Knowledge, cluster: Any
) -> Coded:
    """What all these items say, coded in parts by the cluster's workers."""
    parts = [items[start : start + PART] for start in range(0, len(items), PART)]
    shared = cluster.scatter(dict(feeds), broadcast=True, hash=False)
    work = [cluster.submit(code_part, list(part), shared, knowledge, catalogue.version, pure=False) for part in parts]
    return {item_id: said for part in cluster.gather(work) for item_id, said in part}


# --- Parquet in and out ---------------------------------------------------------------------------------------------


def as_lines(path: Path, folder: Path) -> Path:
    """An archive in Parquet as JSON Lines in `folder`; any other path as it is."""
    if path.suffix != ".parquet":
        return path
    import pyarrow as pa
    import pyarrow.parquet as pq

    lines = folder / f"{path.stem}.jsonl"
    try:
        with lines.open("w", encoding="utf-8") as out:
            for batch in pq.ParquetFile(path).iter_batches():
                out.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in batch.to_pylist())
    except (OSError, pa.ArrowInvalid) as error:
        reason = " ".join(str(error).split())
        raise ClusterProblem(f"{path}: cannot be read as Parquet ({reason}); give a .parquet or .jsonl file") from error
    return lines


def write_signals(coded: Coded, path: Path) -> None:
    """Every signal as a row: whose word, of what, when, and whether it counts."""
    rows = [
        {
            "item_id": signal.item_id,
            "source": signal.source,
            "indicator": signal.indicator,
            "family": signal.family,
            "assertion": signal.assertion.value,
            "direction": signal.direction.value,
            "counted": signal.counted,
            "first_on": signal.occurred_on[0],
            "last_on": signal.occurred_on[1],
            "published_at": signal.published_at,
            "quote": signal.evidence.quote,
            "why": signal.why,
        }
        for said in coded.values()
        for signal in said
    ]
    write_table(rows, path)


def write_table(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Rows of like keys as a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), path)
