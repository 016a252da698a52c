// What missing_library.cpp is linked to, and then cannot find.
extern "C" int function_of_the_absent_library();
extern "C" int function_of_the_absent_library() {
    return 0;
}
