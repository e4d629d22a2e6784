"""Speed of the three busiest paths, as ratios to a yardstick that is measured in the same rounds: `make bench`."""
