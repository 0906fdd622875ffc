// The files of this folder are compiled once for each unit, with its flags. CMake says which one that is:
// FASTDNN_UNIT is the unit's name, FASTDNN_UNIT_NAME the same as a string, FASTDNN_UNIT_HEADER the header
// with its vector type, which ends up as Unit<T>.
#pragma once

#include FASTDNN_UNIT_HEADER

#include "isa/table.h"

namespace fastdnn {
namespace FASTDNN_UNIT {

// Everything else of a unit is in anonymous namespaces; `.ci/symbols.py` sees to that.
void fill(KernelTable& table);
void fill_activation(KernelTable& table);
void fill_data(KernelTable& table);
void fill_gemm(KernelTable& table);
void fill_loss(KernelTable& table);
void fill_normalization(KernelTable& table);
void fill_probe(KernelTable& table);
void fill_random(KernelTable& table);
void fill_update(KernelTable& table);

}  // namespace FASTDNN_UNIT
}  // namespace fastdnn
