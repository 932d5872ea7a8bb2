"""How often the prediction of the Edge TPU mapping agrees with what the real compiler made."""
