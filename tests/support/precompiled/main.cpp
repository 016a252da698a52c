// Owns the precompiled header of tests (tests/embedq_add_test.cmake). It is compiled, not run.
int main() {}
