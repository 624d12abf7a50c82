"""A Hydra sweeper that searches with sonde: `hydra/sweeper=sonde`."""
