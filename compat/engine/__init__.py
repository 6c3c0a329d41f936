"""The package `engine`, of which this distribution has `engine.python_sdk`."""

from pkgutil import extend_path

# A strategy engine may have other parts of a package of this name, such as engine.context, further down on the path.
__path__ = extend_path(__path__, __name__)
