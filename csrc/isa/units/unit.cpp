#include "isa/units/unit.h"

namespace fastdnn {

void FASTDNN_UNIT::fill(KernelTable& table) {
  table.unit = FASTDNN_UNIT_NAME;  // by the unit itself, so that the name tells whose functions these are
  fill_activation(table);
  fill_data(table);
  fill_gemm(table);
  fill_loss(table);
  fill_normalization(table);
  fill_probe(table);
  fill_random(table);
  fill_update(table);
}

}  // namespace fastdnn
