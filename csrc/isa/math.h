// Functions of vectors, for float and double. Errors: of every float below 1.4 ulp where |x f'(x) / f(x)| <=
// 4, with fused multiply-adds or without.
#pragma once

#include "isa/math_exp.h"
#include "isa/math_log.h"
