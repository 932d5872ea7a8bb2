"""What planning costs as a zoo grows: made-up recipes by the thousand, no conversion at all."""
