"""Tests of the hands, against real servers."""
