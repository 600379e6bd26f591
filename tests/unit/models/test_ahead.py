"""Weights that arrive while others are in use."""

import threading
import weakref

import pytest
import torch

from heavytail.models.ahead import filled_ahead
from heavytail.models.loading import load_model
from heavytail.models.streaming import StreamedModel
from support.tiny_model import save_model

CPU = torch.device("cpu")
SECONDS = 30


def room(_item: int) -> dict[str, torch.Tensor]:
    return {"weight": torch.full((3,), torch.nan)}


def fill(item: int, weights: dict[str, torch.Tensor]) -> None:
    weights["weight"].fill_(item)


def test_each_room_comes_filled_and_in_turn():
    for count in range(4):
        found = [
            weights["weight"].tolist() for weights in filled_ahead(range(count), room, fill, CPU)
        ]
        assert found == [[item] * 3 for item in range(count)]


def test_the_next_is_filled_while_one_is_in_use():
    begun = [threading.Event() for _ in range(4)]

    def beginning(item: int, weights: dict[str, torch.Tensor]) -> None:
        begun[item].set()
        fill(item, weights)

    for item, _ in enumerate(filled_ahead(range(4), room, beginning, CPU)):
        # Its own is done, the next one begins by itself, the one after that waits for this one.
        assert all(begun[following].wait(SECONDS) for following in range(min(item + 2, 4)))
        assert not any(later.is_set() for later in begun[item + 2 :])


def test_no_more_than_two_rooms_exist():
    alive: weakref.WeakSet[torch.Tensor] = weakref.WeakSet()
    most = 0

    def counted_room(item: int) -> dict[str, torch.Tensor]:
        nonlocal most
        made = room(item)
        alive.add(made["weight"])
        most = max(most, len(alive))
        return made

    weights = None
    arriving = filled_ahead(range(6), counted_room, fill, CPU)
    for _ in range(6):
        del weights
        weights = next(arriving)
        # A weight that the caller replaces goes at once.
        weights["weight"] = torch.zeros(3)
        assert len(alive) <= 1
    assert most == 2


def test_an_error_waits_for_its_turn_and_stops_what_would_follow():
    seen = []

    def failing(item: int, weights: dict[str, torch.Tensor]) -> None:
        seen.append(item)
        if item == 1:
            raise ValueError("a damaged file")

    arriving = filled_ahead(range(5), room, failing, CPU)
    next(arriving)
    with pytest.raises(ValueError, match="a damaged file"):
        next(arriving)
    arriving.close()
    assert seen in ([0, 1], [0, 1, 2])


def test_the_thread_has_one_core_and_the_caller_all():
    threads, within = torch.get_num_threads(), []
    torch.set_num_threads(2)
    try:
        for _ in filled_ahead(
            range(2), room, lambda *_: within.append(torch.get_num_threads()), CPU
        ):
            assert torch.get_num_threads() == 2
        later = threading.Thread(target=lambda: within.append(torch.get_num_threads()))
        later.start()
        later.join()
    finally:
        torch.set_num_threads(threads)
    assert within == [1, 1, 2]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("backwards", [False, True])
def test_blocks_have_the_files_weights_and_nobody_else_does(dtype, backwards, tmp_path):
    folder = save_model(tmp_path, num_hidden_layers=5)
    whole = load_model(folder, CPU).to(dtype)
    whole.save_pretrained(folder)
    model, alive = StreamedModel(folder, CPU), weakref.WeakSet()
    make = model._room

    def counted_room(index: int) -> dict[str, torch.Tensor]:
        weights = make(index)
        alive.update(weights.values())
        return weights

    model._room = counted_room
    order = range(5)[:: -1 if backwards else 1]
    # Twice, since what is done to a block must not reach the file.
    for _ in "ab":
        for number, (index, block) in enumerate(model.blocks(backwards)):
            expected = whole.get_decoder().layers[index].state_dict()
            found = block.state_dict()
            assert index == order[number] and found.keys() == expected.keys()
            assert all(torch.equal(weight, expected[name]) for name, weight in found.items())
            next(block.parameters()).data.zero_()
            assert len(alive) <= 2 * len(expected)
        assert number == 4 and not alive


def test_a_block_that_is_not_there_is_named_in_its_turn(tmp_path):
    model, wanted = StreamedModel(save_model(tmp_path), CPU), "model.layers.2.mlp.up_proj.weight"
    model.checkpoint.stored.pop(wanted)
    blocks = model.blocks()
    assert [next(blocks)[0], next(blocks)[0]] == [0, 1]
    with pytest.raises(ValueError, match=f"no tensor {wanted}"):
        next(blocks)
