"""The product's own recogniser and voice: a process of its own, an optional extra (``./guanjia speech install``).

Importing this package costs nothing; numpy and the engines are loaded by the process that runs them.
"""
