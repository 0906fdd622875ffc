// The calls of a plan, made by a Python callable: handler(number, [inputs]) -> [outputs].
#pragma once

#include <pybind11/stl.h>

#include <cstring>
#include <utility>

#include "bindings/arrays.h"
#include "bindings/gil.h"
#include "engine/call.h"

namespace fastdnn::bindings {

// A copy of an operand, which whoever gets it may keep.
inline py::array copy_of(const CallOperand& operand) {
  const std::vector<Index> shape{operand.rows, operand.cols};
  py::array array = operand.dtype == Dtype::i32 ? py::array(py::array_t<std::int32_t>(shape))
                                                : empty_array(operand.dtype, shape);
  std::memcpy(array.mutable_data(), operand.data, static_cast<std::size_t>(array.nbytes()));
  return array;
}

// Python has checked what the user's code gave; memory is trusted to nobody.
inline void write_back(const CallOperand& operand, const py::array& array) {
  const bool typed = operand.dtype == Dtype::f64 ? py::isinstance<py::array_t<double>>(array)
                                                 : py::isinstance<py::array_t<float>>(array);
  const bool shaped = array.ndim() == 2 && array.shape(0) == operand.rows && array.shape(1) == operand.cols;
  check(typed && shaped && is_contiguous(array), "Plan", "expected a contiguous array (", operand.rows, ", ",
        operand.cols, ") of the model's type from a call");
  std::memcpy(operand.data, array.data(), static_cast<std::size_t>(array.nbytes()));
}

// Takes the GIL for each call. `function` is None, or lives as long as the run; the handler itself holds nothing,
// so that it may be copied and destroyed without the GIL.
inline CallHandler call_handler(py::handle function) {
  if (function.is_none()) return {};
  return [function](const CallArguments& arguments) {
    const WithGil gil;
    py::list inputs;
    for (const CallOperand& operand : arguments.inputs) inputs.append(copy_of(operand));
    const auto outputs = py::cast<std::vector<py::array>>(function(arguments.call, std::move(inputs)));
    check(outputs.size() == arguments.outputs.size(), "Plan", "expected ", arguments.outputs.size(),
          " arrays from a call, got ", outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) write_back(arguments.outputs[i], outputs[i]);
  };
}

}  // namespace fastdnn::bindings
