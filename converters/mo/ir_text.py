"""The text of an IR without what differs between two runs of the same conversion."""

from __future__ import annotations

from xml.etree import ElementTree

NOTES = ("fused_names", "originalLayersNames")
"""Notes on where an operation came from; they are read by nobody and grow with every pass."""


def canonical(xml: bytes, name: str) -> bytes:
    """The IR under its own name, with neither the converter's settings nor its versions."""
    net = ElementTree.fromstring(xml)
    net.set("name", name)
    for settings in net.findall("rt_info"):
        net.remove(settings)
    for layer in net.iter("layer"):
        for info in layer.findall("rt_info"):
            for note in [a for a in info if a.get("name") in NOTES]:
                info.remove(note)
            if len(info) == 0:
                layer.remove(info)
    ElementTree.indent(net, "\t")
    return bytes(ElementTree.tostring(net, encoding="utf-8", xml_declaration=True)) + b"\n"
