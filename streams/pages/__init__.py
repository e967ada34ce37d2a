"""The pages that a worker serves on Faust's web server. Each list of paths is explicit."""
