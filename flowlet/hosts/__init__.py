"""Hosts: what runs a dispatcher under something else; `aio` does so in asyncio."""
