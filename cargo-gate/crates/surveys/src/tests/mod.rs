mod prefetch;
