"""What every RunStore promises (shared/ports/)."""

from __future__ import annotations

from shared.core.run import Run
from shared.core.work import Work
from shared.ports import KEPT_RUNS
from tests.stores import REQUEST, START, Stores


def run(seconds: float = 1.5, *, model: str = "mochi-1-tiny") -> Run:
    work = Work(model=model, width=96, height=64, num_frames=13, steps=4)
    return Run(work=work, gpu="NVIDIA H200", seconds=seconds, cold_start_s=0.25, at=START)


def test_at_first_there_are_none(stores: Stores) -> None:
    assert [] == stores.runs.recent(["mochi-1-tiny", "mochi-1-preview"])
    assert [] == stores.runs.recent([])


def test_a_run_comes_back_as_it_was(stores: Stores) -> None:
    kept = Run(work=Work.of(REQUEST), gpu='GPU "ä"', seconds=0.1, cold_start_s=0.0, at=START)
    stores.runs.add(kept)
    assert [kept] == stores.runs.recent([REQUEST.model])


def test_the_newest_of_each_model_come_first_and_other_models_stay_away(stores: Stores) -> None:
    for seconds, model in ((1.0, "mochi-1-tiny"), (2.0, "mochi-1-preview"), (3.0, "mochi-1-tiny"), (4.0, "another")):
        stores.runs.add(run(seconds, model=model))
    found = stores.runs.recent(["mochi-1-preview", "mochi-1-tiny"])
    assert [2.0, 3.0, 1.0] == [r.seconds for r in found]


def test_only_the_newest_are_kept_of_each_model(stores: Stores) -> None:
    stores.runs.add(run(model="another"))
    for n in range(KEPT_RUNS + 5):
        stores.runs.add(run(float(n + 1)))
    found = stores.runs.recent(["mochi-1-tiny"])
    assert [float(n) for n in range(KEPT_RUNS + 5, 5, -1)] == [r.seconds for r in found]
    assert [run(model="another")] == stores.runs.recent(["another"])
