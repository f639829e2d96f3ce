{{- define "unhaunt.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "unhaunt.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "unhaunt.labels" -}}
{{ include "unhaunt.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "unhaunt.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}

{{- /* A setting of the workers, or what the program has where it is not set. */ -}}
{{- define "unhaunt.transactionSeconds" -}}
{{- .Values.settings.transaction_seconds | default 20 -}}
{{- end -}}
{{- define "unhaunt.sessionSeconds" -}}
{{- .Values.settings.session_seconds | default 8 -}}
{{- end -}}
{{- define "unhaunt.application" -}}
{{- .Values.settings.application | default "unhaunt" -}}
{{- end -}}

{{- /* The variables of every container: where Kafka is, the settings, and what was added. */ -}}
{{- define "unhaunt.env" -}}
- name: UNHAUNT_BROKERS
  value: {{ .Values.kafka.brokers | quote }}
{{- range $name, $value := .Values.settings }}
- name: UNHAUNT_{{ upper $name }}
  value: {{ kindIs "float64" $value | ternary (int64 $value) $value | toString | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "unhaunt.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "unhaunt.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- /* What does not fit together is said before anything is installed. */ -}}
{{- define "unhaunt.check" -}}
{{- if gt (int .Values.replicas) (int .Values.partitions) -}}
{{- fail (printf "replicas: %d, but there are %d partitions: a worker without a partition has nothing to do" (int .Values.replicas) (int .Values.partitions)) -}}
{{- end -}}
{{- if gt (int .Values.keda.maxReplicas) (int .Values.partitions) -}}
{{- fail (printf "keda.maxReplicas: %d, but there are %d partitions: a worker without a partition has nothing to do" (int .Values.keda.maxReplicas) (int .Values.partitions)) -}}
{{- end -}}
{{- end -}}
