# Build-wide pieces: compiler cache, warnings, sanitizers, LibTorch, and the function that makes a room.

find_program(DUODIFF_CCACHE ccache)
if(DUODIFF_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${DUODIFF_CCACHE}")
endif()

# A file with LibTorch headers takes about 1 GB to compile: no more of them at once than memory holds.
cmake_host_system_information(RESULT duodiff_memory_mb QUERY TOTAL_PHYSICAL_MEMORY)
math(EXPR duodiff_torch_jobs "${duodiff_memory_mb} / 2048")
if(duodiff_torch_jobs LESS 1)
    set(duodiff_torch_jobs 1)
endif()
set_property(GLOBAL APPEND PROPERTY JOB_POOLS duodiff_torch=${duodiff_torch_jobs})

add_library(duodiff_warnings INTERFACE)
target_compile_options(duodiff_warnings INTERFACE
    "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wshadow;-Wconversion>"
    "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra>")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC 12 sees overlaps in every `"literal" + string` (GCC bug 105329).
    target_compile_options(duodiff_warnings INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>")
endif()
if(DUODIFF_WARNINGS_AS_ERRORS)
    target_compile_options(duodiff_warnings INTERFACE
        "$<$<COMPILE_LANGUAGE:CXX>:-Werror>"
        "$<$<COMPILE_LANGUAGE:CUDA>:--Werror=all-warnings>")
endif()

if(DUODIFF_SANITIZER)
    add_compile_options(
        "$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${DUODIFF_SANITIZER};-fno-omit-frame-pointer>"
        "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-fsanitize=${DUODIFF_SANITIZER}>")
    add_link_options(-fsanitize=${DUODIFF_SANITIZER})
endif()

# Found here, at the top, because imported targets are seen only from the folder of their find_package on.
find_package(nlohmann_json REQUIRED)
find_package(GIF 5.1 REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(PNG REQUIRED)
find_package(TurboJPEG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(fmt QUIET)

include(DuoDiffTorch)
include(DuoDiffCuda)

# duodiff_room(NAME SOURCES ... DEPENDS ... [PRIVATE_DEPENDS ...] [TORCH | TORCH_INSIDE])
# One engine room: a static library duodiff_NAME over the include root engine/.
# DEPENDS names other libraries (public). TORCH: sources and headers include LibTorch; TORCH_INSIDE: only
# the sources do, and who uses the room does not see it.
function(duodiff_room name)
    cmake_parse_arguments(room "TORCH;TORCH_INSIDE" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
    add_library(duodiff_${name} STATIC ${room_SOURCES})
    target_include_directories(duodiff_${name} PUBLIC "${PROJECT_SOURCE_DIR}/engine")
    target_link_libraries(duodiff_${name}
        PUBLIC ${room_DEPENDS}
        PRIVATE ${room_PRIVATE_DEPENDS} duodiff_warnings)
    if(room_TORCH)
        target_link_libraries(duodiff_${name} PUBLIC duodiff::torch)
    elseif(room_TORCH_INSIDE)
        target_link_libraries(duodiff_${name} PRIVATE duodiff::torch)
    endif()
    if(room_TORCH OR room_TORCH_INSIDE)
        set_property(TARGET duodiff_${name} PROPERTY JOB_POOL_COMPILE duodiff_torch)
    endif()
endfunction()
