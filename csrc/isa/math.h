// Functions of vectors, for float and double.
#pragma once

#include "isa/math_exp.h"
#include "isa/math_log.h"
#include "isa/math_normal.h"
#include "isa/math_sigmoid.h"
