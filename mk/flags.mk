# SPDX-License-Identifier: MIT
# Compiler and linker flags, by what a program is.

FLAGS_COMMON := -std=gnu11 -Iinclude -I. \
	-Wall -Wextra -Werror -Wconversion -Wshadow -Wvla -Wundef -Wstrict-prototypes -Wmissing-prototypes \
	-Wwrite-strings -Wdate-time -fno-common -ffile-prefix-map=$(CURDIR)=.

ifeq ($(MODE),release)
FLAGS_COMMON += -O2
else
FLAGS_COMMON += -O1 -g
endif

# Programs without an operating system below them. No vector or x87 registers: they belong to the guest.
FLAGS_BARE := -ffreestanding -fno-pic -mno-red-zone -mgeneral-regs-only -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-unwind-tables -fcf-protection=none
LDFLAGS_BARE := -static -nostdlib --build-id=none -z noexecstack -z max-page-size=4096 --no-warn-rwx-segments

# Programs on the developer's machine.
FLAGS_HOST := -D_GNU_SOURCE -DCASHEW_HOST -fPIE -fstack-protector-strong
LDFLAGS_HOST := -pie -Wl,--build-id=none -Wl,-z,relro,-z,now
FLAGS_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_FUZZ := -fsanitize=fuzzer-no-link
