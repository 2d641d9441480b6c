# duodiff::torch: LibTorch from a torch wheel or a LibTorch archive, as an imported target of our own
# (the Config that comes with CUDA wheels fails where the CUDA toolkit is only partly installed).

if(NOT DUODIFF_TORCH_DIR AND DEFINED ENV{DUODIFF_TORCH_DIR})
    set(DUODIFF_TORCH_DIR "$ENV{DUODIFF_TORCH_DIR}" CACHE PATH "" FORCE)
endif()
if(NOT DUODIFF_TORCH_DIR)
    file(GLOB duodiff_torch_candidates "${PROJECT_SOURCE_DIR}/.deps/torch-*/torch")
    if(duodiff_torch_candidates)
        list(SORT duodiff_torch_candidates COMPARE NATURAL ORDER DESCENDING)
        list(GET duodiff_torch_candidates 0 duodiff_torch_found)
        set(DUODIFF_TORCH_DIR "${duodiff_torch_found}" CACHE PATH "" FORCE)
    endif()
endif()
if(NOT EXISTS "${DUODIFF_TORCH_DIR}/include/ATen/ATen.h")
    message(FATAL_ERROR
        "LibTorch was not found. Run packaging/build.sh, which fetches it, or set DUODIFF_TORCH_DIR to a "
        "folder that holds include/ATen/ATen.h and lib/libtorch_cpu.so (now: '${DUODIFF_TORCH_DIR}').")
endif()

add_library(duodiff_torch INTERFACE)
add_library(duodiff::torch ALIAS duodiff_torch)
target_include_directories(duodiff_torch SYSTEM INTERFACE
    "${DUODIFF_TORCH_DIR}/include"
    "${DUODIFF_TORCH_DIR}/include/torch/csrc/api/include")
target_compile_definitions(duodiff_torch INTERFACE _GLIBCXX_USE_CXX11_ABI=1 AT_PER_OPERATOR_HEADERS)
target_link_libraries(duodiff_torch INTERFACE
    "${DUODIFF_TORCH_DIR}/lib/libtorch_cpu.so"
    "${DUODIFF_TORCH_DIR}/lib/libc10.so")
target_link_options(duodiff_torch INTERFACE "LINKER:-rpath,${DUODIFF_TORCH_DIR}/lib")
if(EXISTS "${DUODIFF_TORCH_DIR}/lib/libtorch_cuda.so")
    set(DUODIFF_TORCH_HAS_CUDA ON)
    target_link_libraries(duodiff_torch INTERFACE
        "-Wl,--push-state,--no-as-needed"
        "${DUODIFF_TORCH_DIR}/lib/libtorch_cuda.so"
        "${DUODIFF_TORCH_DIR}/lib/libc10_cuda.so"
        "-Wl,--pop-state")
else()
    set(DUODIFF_TORCH_HAS_CUDA OFF)
endif()
# duodiff::openmp: the OpenMP runtime that LibTorch brings, so that there is one pool of threads in the process.
add_library(duodiff_openmp INTERFACE)
add_library(duodiff::openmp ALIAS duodiff_openmp)
file(GLOB duodiff_torch_gomp "${DUODIFF_TORCH_DIR}/lib/libgomp*.so*")
if(duodiff_torch_gomp)
    list(GET duodiff_torch_gomp 0 duodiff_torch_gomp)
    target_link_libraries(duodiff_openmp INTERFACE "${duodiff_torch_gomp}")
    target_compile_options(duodiff_openmp INTERFACE -fopenmp)
else()
    find_package(OpenMP REQUIRED COMPONENTS CXX)
    target_link_libraries(duodiff_openmp INTERFACE OpenMP::OpenMP_CXX)
endif()
message(STATUS "LibTorch: ${DUODIFF_TORCH_DIR} (CUDA: ${DUODIFF_TORCH_HAS_CUDA})")
