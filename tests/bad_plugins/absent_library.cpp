// The library that missing_library.cpp is linked to, and that is not found when the plugin is loaded.
extern "C" int function_of_the_absent_library();
extern "C" int function_of_the_absent_library() {
    return 0;
}
