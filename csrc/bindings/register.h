#pragma once

#include <pybind11/pybind11.h>

namespace fastdnn::bindings {

namespace py = pybind11;

void register_info(py::module_& m);        // versions, instruction set, threads
void register_random(py::module_& m);      // Philox
void register_parameters(py::module_& m);  // theta and sigma
void register_program(py::module_& m);     // programs and plans
void register_optimizer(py::module_& m);
void register_training(py::module_& m);
void register_inference(py::module_& m);
void register_kernels(py::module_& m);
void register_probe(py::module_& m);  // the machine's peak, bandwidth, barrier
void register_testing(py::module_& m);

}  // namespace fastdnn::bindings
