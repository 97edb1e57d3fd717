"""Two game scripts, a page each: a guard, and a talk with an innkeeper."""
