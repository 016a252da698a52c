#pragma once
#include <cstdlib>
inline float tune(const char* n, float d) { const char* v = std::getenv(n); return v ? static_cast<float>(std::atof(v)) : d; }
