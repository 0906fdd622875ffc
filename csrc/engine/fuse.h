// From the operations of a program to the steps that the kernels offer.
#pragma once

#include <vector>

#include "engine/step.h"

namespace fastdnn {

// Steps in the program's order, their operands still values.
// With `gather_sources`, each source is first copied row by row.
std::vector<Step> fuse(const Program& program, const StepFunctions& functions, bool gather_sources);

}  // namespace fastdnn
