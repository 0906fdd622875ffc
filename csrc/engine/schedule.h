// The order of a plan's steps and the barriers between them.
#pragma once

#include <vector>

#include "engine/step.h"

namespace fastdnn {

// Row-local steps first, as far as they can go, then those that cross the batch, and so on; that takes the
// fewest barriers. Calls keep their order. Then marks the steps that need a barrier; all threads wait before and
// after a call.
void schedule(std::vector<Step>& steps);

}  // namespace fastdnn
