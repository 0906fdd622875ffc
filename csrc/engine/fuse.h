// From the operations of a program to the steps that the kernels offer.
#pragma once

#include <vector>

#include "engine/step.h"

namespace fastdnn {

struct FusedSteps {
  std::vector<Value> values;    // the program's, then what only the plan has
  std::vector<Step> steps;      // in the program's order, their operands still values
  std::vector<Step> updates;    // of states: run when the step is kept
  std::vector<Step> observers;  // calls without outputs: made once the step is kept
  std::vector<Step> watches;    // no steps: each has the value that a sampled step looks at
};

// Each source is first copied row by row.
FusedSteps fuse(const Program& program, Dtype dtype, Index max_batch);

}  // namespace fastdnn
