/* SPDX-License-Identifier: MIT */
/* Nutshell: an emulated SEV-SNP machine. boot/ hands over here, once the image lies at the top of RAM. */
#include "nutshell/host/host.h"
#include "nutshell/machine.h"
#include "nutshell/start.h"

void nutshell_main(const char *command_line, const void *igvm, uint64_t igvm_size)
{
	options_parse(command_line);
	machine_log("emulated SEV-SNP machine: %llu MiB of guest RAM, C-bit %u",
		    (unsigned long long)((machine_low_ram_end() + machine_high_ram_end() - 0x100000000ull) >> 20),
		    machine_c_bit());
	ports_init();
	machine_vcpu_count = ports_processor_count();
	boot_start_processors(machine_vcpu_count);
	launch_image(igvm, igvm_size);
	machine_run(&machine_vcpu[0]);
}
