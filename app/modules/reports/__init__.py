"""Reports: what people put together out of the lists, and those that come with the modules; on a page, on paper and in a sheet."""
