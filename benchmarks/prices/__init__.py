"""What transposes, movers and kernels cost each other, measured: for layout/prices.py."""
