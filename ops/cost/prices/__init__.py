"""List prices: the dated file `prices.yaml`, the units its prices are used in, and its update from AWS's price list."""
