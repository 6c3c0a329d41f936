"""`wealthsources verify`: does a strategy look ahead, meet repainted bars, cross holes, or answer at random?

The command imports this package when it runs; `import wealthdata` does not.
"""
