"""Answers read for their pictures: boxes where they were put, and the words that tell of them."""

import numpy as np
import pytest
from PIL import Image

from converters.errors import RecipeError
from converters.recipes.schema import closed_list
from converters.verify.shown import KINDS, Found, found_by
from converters.verify.shown.boxes import grid
from converters.verify.shown.drawing import drawn
from converters.verify.shown.found import Box, chosen, shared

SIZE = (64, 128)  # height and width of the picture
FACE = {"names": ["face"], "threshold": 0.5}
PRIORS = [{"stride": 32, "sizes": [16, 32]}]  # 2 x 4 cells, 16 priors


def places(found: Found) -> list[list[float]]:
    return [[round(value, 3) for value in box.corners] for box in found.boxes]


def test_a_kind_for_each_name_of_the_schema():
    assert tuple(KINDS) == closed_list("show", "kind")


def test_corners_are_taken_as_they_are():
    answer = {
        "boxes": np.array([[[0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.9, 0.9]]]),
        "scores": np.array([[[0.1, 0.9], [0.8, 0.2]]]),
    }
    found = found_by(
        answer, {"kind": "corners", "boxes": "boxes", "scores": "scores", "first": 1} | FACE, SIZE
    )
    assert places(found) == [[0.1, 0.2, 0.3, 0.4]]
    assert found.told() == ["face 0.90 at 10-30 % across, 20-40 % down"]


def test_offsets_of_zero_are_the_priors():
    scores = np.zeros((1, 16, 2))
    scores[0, 3, 1] = 0.9  # the second prior of the second cell
    answer = {"boxes": np.zeros((1, 16, 4)), "scores": scores}
    show = {"kind": "priors", "boxes": "boxes", "scores": "scores", "first": 1, "priors": PRIORS}
    # the centre is at (48, 16) of 128 x 64, the side 32
    assert places(found_by(answer, show | FACE, SIZE)) == [[0.25, 0.0, 0.5, 0.5]]


def test_offsets_move_by_their_variance_and_stretch_by_an_exponent():
    scores, boxes = np.zeros((1, 16, 2)), np.zeros((1, 16, 4))
    scores[0, 3, 1] = 0.9
    boxes[0, 3] = [5, 0, np.log(2) / 0.2, 0]  # half a width to the right, twice as wide
    show = {"kind": "priors", "boxes": "boxes", "scores": "scores", "first": 1, "priors": PRIORS}
    found = found_by({"boxes": boxes, "scores": scores}, show | FACE, SIZE)
    assert places(found) == [[0.25, 0.0, 0.75, 0.5]]


def test_anchors_are_pixels_and_logits():
    boxes, logits = np.zeros((1, 8, 16)), np.full((1, 8, 1), -9.0)
    boxes[0, 5, :4] = [16, 0, 32, 64]  # from the centre of cell (1, 1) at (48, 48)
    logits[0, 5] = 2.0
    show = {"kind": "anchors", "boxes": "boxes", "scores": "logits", "priors": [{"stride": 32}]}
    found = found_by({"boxes": boxes, "logits": logits}, show | FACE, SIZE)
    assert places(found) == [[0.375, 0.25, 0.625, 1.25]]
    assert found.boxes[0].score == pytest.approx(1 / (1 + np.exp(-2)))


def test_yolox_counts_in_cells():
    rows = np.zeros((1, 8 + 2, 7))
    rows[0, 6, :] = [0.5, 0.5, 0, 0, 1, 0.1, 0.8]  # cell (2, 1) of stride 32: centre (80, 48)
    show = {"kind": "yolox", "boxes": "rows", "priors": [{"stride": 32}, {"stride": 64}]}
    found = found_by({"rows": rows}, show | {"names": ["cat", "dog"]}, SIZE)
    assert places(found) == [[0.5, 0.5, 0.75, 1.0]]
    assert found.boxes[0].label == "dog"


def test_dense_centres_share_a_cell():
    known = grid({"priors": [{"stride": 64, "sizes": [[8, 8, 2], 16]}]}, (64, 64))
    assert known[:, :2].tolist() == [[0, 0], [0.5, 0], [0, 0.5], [0.5, 0.5], [0.5, 0.5]]


def test_cells_share_the_picture_or_reach_beyond_it():
    priors = [{"stride": 32, "sizes": [8]}]
    shared_evenly = grid({"priors": priors}, (48, 48))
    overhanging = grid({"priors": priors, "overhang": True}, (48, 48))
    assert shared_evenly[:2, 0].tolist() == [0.25, 0.75]
    assert overhanging[:2, 0].tolist() == pytest.approx([16 / 48, 1.0])


def test_the_surer_of_two_near_boxes_stays():
    corners = np.array([[0.1, 0.1, 0.5, 0.5], [0.12, 0.1, 0.5, 0.5], [0.6, 0.6, 0.9, 0.9]])
    found = chosen(corners, np.array([0.6, 0.9, 0.7]), ["a", "a", "a"], 0.5)
    assert [box.score for box in found.boxes] == [0.9, 0.7]
    assert len(chosen(corners, np.array([0.6, 0.9, 0.7]), ["a", "b", "a"], 0.5).boxes) == 3
    assert shared(Box((0, 0, 1, 1), 1, ""), Box((0, 0, 0.5, 1), 1, "")) == 0.5


def test_nothing_found_is_said():
    answer = {"boxes": np.zeros((1, 1, 4)), "scores": np.zeros((1, 1, 1))}
    show = {"kind": "corners", "boxes": "boxes", "scores": "scores"} | FACE
    assert found_by(answer, show, SIZE).told() == ["nothing found"]


def test_greedy_ctc_merges_repeats_and_drops_blanks():
    steps = [0, 0, 2, 0, 1, 1, 2]  # 2 is blank
    answer = {"steps": np.eye(3)[steps].T[None]}
    found = found_by(answer, {"kind": "text", "scores": "steps", "names": ["A", "B", "-"]}, SIZE)
    assert found.words == ("AAB",)


def test_the_likeliest_classes_are_named():
    answer = {"logits": np.log([[0.1, 0.6, 0.3]])}
    show = {"kind": "classes", "scores": "logits", "logits": True, "names": ["a", "b"]}
    assert found_by(answer, show, SIZE).words == ("b 0.60", "class 2 0.30", "a 0.10")


def test_a_mask_is_where_the_second_class_wins():
    planes = np.zeros((1, 2, 4, 4))
    planes[0, 1, :2] = 1
    found = found_by({"mask": planes}, {"kind": "mask", "mask": "mask"}, SIZE)
    assert found.told() == ["50.0% covered"]


def test_regions_are_the_largest_of_classes_or_given():
    planes = np.zeros((1, 3, 4, 4))
    planes[0, 2, :3] = 1
    show = {"kind": "regions", "mask": "map", "names": ["road", "car", "sky"]}
    found = found_by({"map": planes}, show, SIZE)
    assert found.words == ("sky 75%", "road 25%")
    decided = found_by({"map": planes.argmax(axis=1)}, show, SIZE)
    assert (decided.regions == found.regions).all()
    made = drawn(np.zeros((200, 200), np.uint8), Found(regions=found.regions))
    assert (made[0, 0] != made[199, 0]).any()


def test_peaks_of_a_map_are_points():
    plane = np.zeros((1, 1, 8, 8))
    plane[0, 0, 2, 6], plane[0, 0, 2, 5] = 0.9, 0.8  # the second is no peak
    found = found_by({"map": plane}, {"kind": "scores", "points": "map"}, SIZE)
    assert found.points == ((6.5 / 8, 2.5 / 8),)


def test_drawing_marks_the_place_and_nothing_far_from_it():
    picture = np.full((200, 200, 3), 255, np.uint8)
    made = drawn(picture, Found(boxes=(Box((0.5, 0.5, 0.9, 0.9), 0.9, "x"),)))
    assert (made[100, 150] != 255).any()  # its upper edge
    assert (made[:90, :90] == 255).all()


def test_a_small_picture_grows_until_words_can_be_read():
    made = drawn(np.zeros((32, 64), np.uint8), Found(words=("æ 浙",)))
    assert Image.fromarray(made).size == (192, 96)


def test_a_name_that_the_answer_lacks_is_the_recipes_mistake():
    with pytest.raises(RecipeError, match="cannot be read from the outputs a"):
        found_by({"a": np.zeros(3)}, {"kind": "classes", "scores": "b"}, SIZE)
