"""Linear mixed models: people in teams, coaches and organisations, over waves."""
