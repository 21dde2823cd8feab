/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tools/launch/launch.h"

static void add_machine(struct command *command, const struct options *options, const struct qemu *qemu)
{
	command_add(command, "-machine");
	command_add(command, "q35,confidential-guest-support=sev0,memory-backend=ram0,igvm-cfg=igvm0,kernel-irqchip=split%s",
	    qemu->planes ? ",device-plane=2" : "");
	command_add(command, "-cpu");
	command_add(command, "%s", options->devices.cpu);
	command_add(command, "-smp");
	command_add(command, "%u", options->devices.cpus);
	command_add(command, "-m");
	command_add(command, "%lluM", (unsigned long long)(options->devices.memory / MIB));
	command_add(command, "-object");
	command_add(command, "memory-backend-memfd,id=ram0,size=%lluM,share=true,prealloc=false,reserve=false",
	    (unsigned long long)(options->devices.memory / MIB));
	command_add(command, "-object");
	command_add(command, "sev-snp-guest,id=sev0,cbitpos=%u,reduced-phys-bits=%u", qemu->c_bit, qemu->reduced_bits);
	command_add(command, "-object");
	command_add(command, "igvm-cfg,id=igvm0,file=%s", options->image);
}

/* QEMU puts them into fw_cfg for the guest's firmware. */
static void add_kernel(struct command *command, const struct devices *devices)
{
	if (devices->kernel == NULL)
		return;
	command_add(command, "-kernel");
	command_add(command, "%s", devices->kernel);
	if (devices->initrd != NULL) {
		command_add(command, "-initrd");
		command_add(command, "%s", devices->initrd);
	}
	if (devices->command_line != NULL) {
		command_add(command, "-append");
		command_add(command, "%s", devices->command_line);
	}
}

void command_build(struct command *command, const struct options *options, const struct qemu *qemu)
{
	memset(command, 0, sizeof(*command));
	command_add(command, "%s", options->devices.qemu);
	command_add(command, "-enable-kvm");
	add_machine(command, options, qemu);
	command_add(command, "-nodefaults");
	command_add(command, "-no-reboot");
	command_add(command, "-vga");
	command_add(command, "none");
	command_add(command, "-display");
	command_add(command, "none");
	command_add(command, "-serial");
	command_add(command, "mon:stdio");
	devices_add(&options->devices, command);
	add_kernel(command, &options->devices);
}
