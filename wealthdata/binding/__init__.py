"""On whose behalf a call is answered: the contexts that are bound, and the adapters that read for them."""
