#pragma once

#include <string>
#include <vector>

namespace fastdnn {

// Names of the units that this build has and this processor runs, the best one last.
std::vector<std::string> available_units();

}  // namespace fastdnn
