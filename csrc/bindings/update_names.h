// The names that Python has for the options of updates.
#pragma once

#include <string>

#include "core/check.h"
#include "kernels/update.h"

namespace fastdnn::bindings {

inline EpsilonMode epsilon_mode_from(const std::string& name) {
  if (name == "outside") return EpsilonMode::outside;
  if (name == "inside") return EpsilonMode::inside;
  if (name == "hat") return EpsilonMode::hat;
  fail("epsilon_mode", "expected 'outside', 'inside' or 'hat', got '", name, "'");
}

inline MomentumForm momentum_form_from(const std::string& name) {
  if (name == "sum") return MomentumForm::sum;
  if (name == "ewma") return MomentumForm::ewma;
  if (name == "keras") return MomentumForm::keras;
  fail("momentum_form", "expected 'sum', 'ewma' or 'keras', got '", name, "'");
}

}  // namespace fastdnn::bindings
