import threading

import pytest
import torch

from heavytail.spectra.parallel import BUDGET_BYTES, each

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_results_come_in_order_and_the_threads_are_shared_and_given_back():
    both = threading.Barrier(2, timeout=30)

    def waiting(item: int) -> tuple[int, int]:
        both.wait()  # passes only when two run at once
        return item, torch.get_num_threads()

    assert list(each(waiting, range(4), 1, CPU)) == [(0, 1), (1, 1), (2, 1), (3, 1)]
    assert torch.get_num_threads() == 2


def test_what_is_large_is_worked_on_alone_with_all_threads():
    running = threading.Semaphore(1)

    def alone(item: int) -> int:
        assert running.acquire(blocking=False)
        running.release()
        return torch.get_num_threads()

    assert list(each(alone, range(3), BUDGET_BYTES + 1, CPU)) == [2, 2, 2]


def test_the_threads_are_given_back_after_a_failure():
    def failing(_item: int) -> None:
        raise ValueError("matrix 0")

    with pytest.raises(ValueError, match="matrix 0"):
        list(each(failing, range(3), 1, CPU))
    assert torch.get_num_threads() == 2


def test_a_gpu_has_one_thing_to_do_at_a_time():
    threads = {thread for thread in each(lambda _: threading.get_ident(), range(3), 1, GPU)}
    assert threads == {threading.get_ident()}
