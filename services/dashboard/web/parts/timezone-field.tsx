import { useQuery } from "@connectrpc/connect-query";
import { ScheduleService } from "@windlass/proto";
import type { ComponentProps } from "react";
import { SelectField } from "./select-field.tsx";

/** Chooses one of the time zones that the cluster knows. */
export function TimezoneField(
  props: Omit<ComponentProps<typeof SelectField>, "children"> & { readonly value: string },
) {
  const { data } = useQuery(ScheduleService.method.listTimezones, {}, { staleTime: Infinity });
  const zones = data?.timezones ?? [];
  return (
    <SelectField {...props}>
      {!zones.includes(props.value) && <option>{props.value}</option>}
      {zones.map((zone) => (
        <option key={zone}>{zone}</option>
      ))}
    </SelectField>
  );
}
