"""What every source needs that is pushed to: its series, its streams, the filling of its holes."""
