import { useQuery } from "@connectrpc/connect-query";
import { CatchUp, type Schedule, ScheduleService, ScheduleType } from "@windlass/proto";
import { Link } from "@tanstack/react-router";
import { Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { msOf } from "../../format/moments.ts";
import { Button } from "../../parts/button.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Facts } from "../../parts/facts.tsx";
import { LinkButton } from "../../parts/link-button.tsx";
import { PageHeader } from "../../parts/page-header.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Queried } from "../../parts/states.tsx";
import { Time } from "../../parts/time.tsx";
import { Trail } from "../../parts/trail.tsx";
import { DeleteSchedule } from "./delete-schedule.tsx";
import { NextTimes } from "./next-times.tsx";
import { ScheduleForm } from "./schedule-form.tsx";
import { ScheduleState, typeWord } from "./schedule-state.tsx";
import styles from "./schedules-page.module.css";
import { SwitchSchedule } from "./switch-schedule.tsx";

const REFRESH_MS = 5_000;

const catchUpWords: Readonly<Record<CatchUp, string>> = {
  [CatchUp.UNSPECIFIED]: "The latest is made",
  [CatchUp.LATEST]: "The latest is made",
  [CatchUp.NONE]: "None is made",
  [CatchUp.ALL]: "Each is made",
};

/** One schedule, its next times, and what can be done with it. */
export function ScheduleView({ scheduleId }: { readonly scheduleId: string }) {
  const query = useQuery(ScheduleService.method.getSchedule, { scheduleId }, { refetchInterval: REFRESH_MS });
  return <Queried query={query}>{({ schedule }) => schedule !== undefined && <Shown schedule={schedule} />}</Queried>;
}

function Shown({ schedule }: { readonly schedule: Schedule }) {
  const [asked, setAsked] = useState<"edit" | "delete">();
  const { id, taskId, cron, type, isActive } = schedule;
  const isDeclared = type === ScheduleType.DECLARATIVE;
  const close = (): void => setAsked(undefined);
  return (
    <>
      <PageHeader
        title={`Schedule of ${taskId}`}
        heading={
          <Trail to="/schedules" from="Schedules">
            {taskId}
            <ScheduleState schedule={schedule} />
          </Trail>
        }
      >
        <LinkButton to="/runs" search={{ schedule: id }}>
          Its runs
        </LinkButton>
        <LinkButton to="/test" search={{ task: taskId, schedule: id }}>
          Test
        </LinkButton>
        <SwitchSchedule schedule={schedule} />
        {!isDeclared && (
          <>
            <Button icon={Pencil} onClick={() => setAsked("edit")}>
              Edit
            </Button>
            <Button look="danger" icon={Trash2} onClick={() => setAsked("delete")}>
              Delete
            </Button>
          </>
        )}
      </PageHeader>
      <div className={styles["column"]}>
        <Panel title={isActive ? "Next five times" : "Next five times, were it active"}>
          {cron !== undefined && <NextTimes rule={cron} />}
        </Panel>
        <Panel title="About" actions={<CopyButton text={id} what="schedule id" />}>
          <Facts
            facts={[
              ["Id", <code key="id">{id}</code>],
              [
                "Task",
                <Link key="task" to="/tasks" search={{ task: taskId }}>
                  {taskId}
                </Link>,
              ],
              ["Type", isDeclared ? "Declared by its task" : typeWord(type)],
              ["Cron", <code key="cron">{cron?.expression}</code>],
              ["Time zone", cron?.timezone],
              ["Missed ticks", cron === undefined ? undefined : catchUpWords[cron.catchUp]],
              ["External id", schedule.externalId],
              ["Deduplication key", schedule.deduplicationKey],
              ["Last tick", schedule.lastTime && <Time key="last" ms={msOf(schedule.lastTime)} />],
              ["Next tick", schedule.nextTime && <Time key="next" ms={msOf(schedule.nextTime)} as="distance" />],
              ["Created", <Time key="created" ms={msOf(schedule.createTime)} />],
            ]}
          />
        </Panel>
      </div>
      {asked === "edit" && <ScheduleForm schedule={schedule} onClose={close} />}
      {asked === "delete" && <DeleteSchedule schedule={schedule} onClose={close} />}
    </>
  );
}
