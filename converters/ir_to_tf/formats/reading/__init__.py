"""Reading a frozen graph as a Keras model of standard layers and `keras.ops` operations."""
