#pragma once

// What the data sets need of C: the embedded digits, and calls that Swift cannot make.
#include "kb_curl.h"
#include "kb_digits.h"
