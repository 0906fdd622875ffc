#include "isa/units/unit.h"

namespace fastdnn {

void FASTDNN_UNIT::fill(KernelTable& table) {
  fill_activation(table);
  fill_gemm(table);
  fill_loss(table);
  fill_normalization(table);
  fill_random(table);
  fill_update(table);
}

}  // namespace fastdnn
