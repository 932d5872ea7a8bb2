"""The last layers of Darknet's detectors."""

from tests.cases import case, image


def region(do_softmax, mask, num, end):
    return case(
        "RegionYolo",
        image(2, (4 + 1 + 3) * 2, 3, 5),
        anchors=[1.0, 2.0, 3.0, 4.0],
        axis=1,
        coords=4,
        classes=3,
        end_axis=end,
        num=num,
        do_softmax=do_softmax,
        mask=mask,
        opset="opset1",
        tolerance=1e-4,
    )


CASES = [
    region(True, [], 2, 3),
    region(False, [0, 2], 3, 3),
    case("ReorgYolo", image(2, 8, 4, 6), stride=[2], opset="opset2"),
]
