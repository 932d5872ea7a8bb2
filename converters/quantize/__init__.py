"""quantize: TFLite files of every kind from one SavedModel, calibrated on the recipe's data."""
